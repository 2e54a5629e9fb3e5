function Invoke-IsoEject {
    <#
    .SYNOPSIS
    iso.eject: empties a drive. The boot order that boot_once changed comes back when the machine is off.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $id = ConvertTo-AgentId -Vm $vm
    $note = Read-AgentNote -Text $vm.Notes
    $devices = @(Get-AgentDevice -Vm $vm -Note $note)
    $drive = Get-AgentDrive -Devices $devices -Word $Job.Spec['drive']
    if ($null -eq $drive) { throw (New-AgentFailure -Code DISK_NOT_FOUND -Message 'The virtual machine has no drive.' -Pointer '/drive') }
    $changes = @()
    $left = @()
    if ($drive.Path -ne '') {
        $from = Find-AgentImage -Path $drive.Path -Resources $Job.Resources
        Set-VMDvdDrive -VMDvdDrive $drive.Object -Path $null
        $now = Find-AgentDevice -Devices @(Get-AgentDevice -Vm $vm -Note $note -Adapters @()) -Word $drive.Id -Kind cdrom
        if ($null -ne $now -and $now.Path -ne '') { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the change and the drive still has its image.' -Pointer '/drive') }
        $changes = @(New-AgentChange -Field 'image' -From $from -To $null)
    }
    if ($null -ne $note.boot_before -and (ConvertTo-AgentState -State $vm.State) -ceq 'off') {
        try {
            $order = @($note.boot_before | ForEach-Object { Find-AgentDevice -Devices $devices -Word $_ } | Where-Object { $null -ne $_ })
            if ($order.Count -gt 0) { Set-AgentBootOrder -Vm $vm -Wanted $order -Devices $devices }
            Update-AgentNote -Id $id -Change { param($said) $said.boot_before = $null }
        }
        catch { $failure = Resolve-AgentFailure -ErrorRecord $_; $left = @([ordered]@{ field = 'boot_order'; code = $failure.code; message = "The drive is empty, and the boot order is not as it was before: $($failure.message)" }) }
    }
    New-AgentChanged -Id $drive.Id -Changes $changes -NotChanged $left -Message 'The drive is empty.'
}
