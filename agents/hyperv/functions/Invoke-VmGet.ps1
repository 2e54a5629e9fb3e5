function Invoke-VmGet {
    <#
    .SYNOPSIS
    vm.get: one machine in full.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    New-AgentResult -Message 'Read.' -Data (Get-AgentVmView -Vm $vm -Resources $Job.Resources)
}
