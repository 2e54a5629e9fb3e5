function Invoke-VmCreate {
    <#
    .SYNOPSIS
    vm.create: the machine alone, without disks and adapters; taken back as a whole when a part fails.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    foreach ($field in 'disks', 'nics') {
        if ($null -ne $spec[$field] -and @($spec[$field]).Count -gt 0) { throw (New-AgentFailure -Code SPEC_INVALID -Message "$field are steps of their own." -Pointer "/$field") }
    }
    foreach ($field in 'iso', 'seed', 'boot_order') {
        if ($null -ne $spec[$field]) { throw (New-AgentFailure -Code SPEC_INVALID -Message "$field is a step of its own." -Pointer "/$field") }
    }
    if ($true -eq $spec['start']) { throw (New-AgentFailure -Code SPEC_INVALID -Message 'start is a step of its own.' -Pointer '/start') }
    $class = [string]$spec['storage_class']
    if ($class -eq '') { $class = 'default' }
    $folder = Resolve-AgentStorage -Name $class -Resources $Job.Resources
    Assert-AgentVmName -Name $spec['name']
    Assert-AgentHardware -Spec $spec
    $generation = 2
    if ($spec['firmware'] -ceq 'bios') { $generation = 1 }
    $wanted = Resolve-AgentHardware -Spec $spec -Current $null -Generation $generation
    $vm = $null
    try {
        $vm = New-VM -Name $spec['name'] -Generation $generation -MemoryStartupBytes ([long]$spec['memory_bytes']) -Path $folder -NoVHD
        # New-VM gives an adapter on no switch, and generation 1 a drive.
        foreach ($adapter in @(Get-VMNetworkAdapter -VM $vm)) { Remove-VMNetworkAdapter -VMNetworkAdapter $adapter }
        foreach ($drive in @(Get-VMDvdDrive -VM $vm)) { Remove-VMDvdDrive -VMDvdDrive $drive }
        Set-VM -VM $vm -AutomaticCheckpointsEnabled $false -CheckpointType Standard -AutomaticCriticalErrorAction Pause
        foreach ($group in Get-AgentHardwareGroup) { Set-AgentHardware -Vm $vm -Group $group -Wanted $wanted }
        Update-AgentNote -Id (ConvertTo-AgentId -Vm $vm) -Change {
            param($note)
            $note.storage_class = $class
            $note.created_at = ConvertTo-AgentTime -Time ([datetime]::UtcNow)
        }
        $made = Get-AgentVmView -Vm (Get-AgentVm -Id (ConvertTo-AgentId -Vm $vm)) -Resources $Job.Resources
        $left = @($wanted.Fields | Where-Object { -not (Test-AgentSameText -Value $wanted[$_] -Other $made[$_] -AnyBreak) } | Sort-Object)
        if ($left.Count -gt 0) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message "Hyper-V took the virtual machine, and not as asked for: $($left -join ', ')." -Pointer @($left | ForEach-Object { "/$_" })) }
    }
    catch {
        $problem = $_
        if ($null -ne $vm) {
            try { Remove-VM -VM $vm -Force -Confirm:$false; Remove-AgentEmptyFolder -Path ([System.IO.Path]::Combine($folder, [string]$spec['name'])) -Resources $Job.Resources }
            catch { Write-Warning "The virtual machine $($spec['name']) could not be taken back: $_" }
        }
        throw $problem
    }
    $id = ConvertTo-AgentId -Vm $vm
    New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'vm' -From $null -To ([string]$spec['name'])) -Message "The virtual machine $($spec['name']) was made." `
        -More ([ordered]@{ name = [string]$spec['name']; disks = @(); nics = @() })
}
