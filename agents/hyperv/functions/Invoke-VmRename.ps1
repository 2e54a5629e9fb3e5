function Invoke-VmRename {
    <#
    .SYNOPSIS
    vm.rename: gives a machine another name. Its files keep theirs.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $id = ConvertTo-AgentId -Vm $vm
    $name = $Job.Spec['name']
    $from = [string]$vm.Name
    Assert-AgentVmName -Name $name -Except $id
    $changes = @()
    if ($from -cne $name) {
        Rename-VM -VM $vm -NewName $name
        if (-not (Test-AgentSameText -Value ([string](Get-AgentVm -Id $id).Name) -Other $name)) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the name and the virtual machine has its old one.' -Pointer '/name') }
        $changes = @(New-AgentChange -Field 'name' -From $from -To $name)
    }
    New-AgentChanged -Id $id -Changes $changes -Message "The virtual machine is named $name."
}
